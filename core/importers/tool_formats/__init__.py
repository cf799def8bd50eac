"""The forms in which tools are brought: each module takes one apart into definitions, names and schemas untouched."""
