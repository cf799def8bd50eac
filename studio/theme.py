"""The look: Gradio's tokens set to the palette of assets/studio.css, which holds every colour once, light and dark."""

from pathlib import Path

import gradio as gr
from gradio.themes.utils import fonts

ASSETS = Path(__file__).parents[1] / "assets"
STYLESHEET = ASSETS / "studio.css"
FAVICON = ASSETS / "favicon.png"

# Names of the palette by Gradio token; each is set for light and dark, since the palette itself changes.
TOKENS = {
    "body_background_fill": "bg", "background_fill_primary": "panel", "background_fill_secondary": "bg",
    "body_text_color": "text", "body_text_color_subdued": "sub", "block_background_fill": "panel",
    "block_border_color": "line", "border_color_primary": "line", "border_color_accent": "accent",
    "border_color_accent_subdued": "line", "block_info_text_color": "sub", "block_label_text_color": "sub",
    "block_label_background_fill": "panel", "block_title_text_color": "sub", "color_accent_soft": "accent-soft",
    "panel_background_fill": "panel", "panel_border_color": "line", "accordion_text_color": "text",
    "input_background_fill": "input", "input_background_fill_focus": "input", "input_background_fill_hover": "input",
    "input_border_color": "edge", "input_border_color_focus": "accent", "input_border_color_hover": "edge",
    "input_placeholder_color": "sub", "link_text_color": "accent", "link_text_color_hover": "accent",
    "link_text_color_active": "accent", "link_text_color_visited": "accent", "loader_color": "accent",
    "checkbox_background_color": "input", "checkbox_background_color_focus": "input",
    "checkbox_background_color_hover": "input", "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "edge", "checkbox_border_color_focus": "accent", "checkbox_border_color_hover": "accent",
    "checkbox_border_color_selected": "accent", "checkbox_label_background_fill": "panel",
    "checkbox_label_background_fill_hover": "bg", "checkbox_label_background_fill_selected": "accent-soft",
    "checkbox_label_border_color": "line", "checkbox_label_text_color": "text",
    "checkbox_label_text_color_selected": "text", "code_background_fill": "bg",
    "button_primary_background_fill": "accent-fill", "button_primary_background_fill_hover": "accent-hover",
    "button_primary_border_color": "accent-fill", "button_primary_border_color_hover": "accent-hover",
    "button_primary_text_color": "on-accent", "button_primary_text_color_hover": "on-accent",
    "button_secondary_background_fill": "panel", "button_secondary_background_fill_hover": "bg",
    "button_secondary_border_color": "edge", "button_secondary_border_color_hover": "sub",
    "button_secondary_text_color": "text", "button_secondary_text_color_hover": "text",
    "button_cancel_background_fill": "panel", "button_cancel_background_fill_hover": "bad-soft",
    "button_cancel_border_color": "bad", "button_cancel_border_color_hover": "bad",
    "button_cancel_text_color": "bad", "button_cancel_text_color_hover": "bad",
    "error_background_fill": "bad-soft", "error_border_color": "bad", "error_text_color": "bad",
    "error_icon_color": "bad", "table_text_color": "text", "table_border_color": "line",
}  # fmt: skip
SHAPE = {
    "block_shadow": "none", "shadow_drop": "none", "shadow_drop_lg": "none", "input_shadow": "none",
    "input_shadow_focus": "0 0 0 2px var(--cw-accent-soft)", "button_primary_shadow": "none",
    "button_secondary_shadow": "none", "button_border_width": "1px", "input_border_width": "1px",
    "input_radius": "8px", "block_radius": "10px", "container_radius": "10px", "button_large_radius": "8px",
    "button_medium_radius": "8px", "button_small_radius": "7px", "button_large_padding": "8px 16px",
    "button_large_text_size": "14px", "button_large_text_weight": "500", "button_medium_padding": "8px 14px",
    "button_medium_text_size": "14px", "button_medium_text_weight": "500", "button_small_padding": "4px 10px",
    "button_small_text_size": "13px", "button_small_text_weight": "500", "button_transform_hover": "none",
    "button_transform_active": "none", "input_text_size": "14px", "input_padding": "8px 10px",
    "body_text_size": "14px", "block_title_text_size": "13px", "block_label_text_size": "13px",
    "block_info_text_size": "12.5px", "block_title_text_weight": "400", "block_info_text_weight": "400",
    "block_border_width": "0px", "block_padding": "0px", "layout_gap": "12px", "form_gap_width": "0px",
    "checkbox_label_text_size": "14px", "checkbox_label_padding": "6px 10px", "checkbox_border_radius": "4px",
    "section_header_text_size": "14px",
}  # fmt: skip


def theme() -> gr.themes.Base:
    """The one theme: quiet panels, one accent, 8 to 10 px corners; the fonts come from the machine or from Gradio.

    Of the fonts in Gradio 6.31 the regular and bold weights are whole; the semi-bold ones lack letters.
    """
    look = gr.themes.Base(
        font=("Inter", fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=(fonts.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
    )
    values = {token: f"var(--cw-{name})" for token, name in TOKENS.items()} | SHAPE
    dark = {f"{token}_dark": value for token, value in values.items() if f"{token}_dark" in DARK}
    return look.set(**values, **dark)


DARK = frozenset(name for name in gr.themes.Base.set.__code__.co_varnames if name.endswith("_dark"))
