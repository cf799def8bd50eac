"""The page: Gradio over core. `ui` puts it together; `views` are pure; `tabs` own their components and events."""
