"""How sturdy what was learned is: test rows in changed form, and what the answers to these say."""
