"""The studio, for a workstation and for Spaces: settings, the page, the server. Importing this starts nothing."""

from core.settings import Settings
from core.store import repair
from studio import guard, theme, ui

settings = Settings.load()
demo = ui.build(settings)


def main() -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    repair.check_at_start(settings)  # the page shows what it found
    _, address, _ = demo.queue(max_size=128).launch(
        app_kwargs=guard.app_kwargs(),
        theme=theme.theme(),
        css_paths=[theme.STYLESHEET],
        favicon_path=theme.FAVICON,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size="512mb",
        blocked_paths=[str(settings.home)],
        ssr_mode=False,
        pwa=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    print(f"Callwright is at {address}  (files in {settings.home}; Ctrl-C ends it)", flush=True)
    demo.block_thread()


if __name__ == "__main__":
    main()
