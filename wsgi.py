"""The WSGI entry point for `gunicorn wsgi:app` and `flask --app wsgi …`. `python wsgi.py` starts the server."""

import sys

try:
    from shortener import create_app
    from shortener.cli.commands import SETTINGS
    from shortener.errors import SettingsError
    from shortener.running import logs
    from shortener.serve import serve
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed for {sys.executable}. `make run` installs everything and starts the product; "
        "after that, .venv/bin/shortener lists all commands."
    )

# Background work, such as attempts of callbacks, is logged where the server logs.
logs.begin()

if __name__ == "__main__":
    serve(prog_name="python wsgi.py")

try:
    app = create_app()
except SettingsError as error:
    sys.stderr.write(f"Error: {error}\n")
    sys.exit(SETTINGS)
