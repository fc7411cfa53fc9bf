"""The command `shortener`, also as `python -m shortener`; `make` installs it as `.venv/bin/shortener`."""

from flask.cli import ScriptInfo

from shortener import cli
from shortener.serve import serve
from shortener.typed_command import HOME, NAME


def main() -> None:
    """Run the command line. Commands work on the product in HOME, whatever the working folder is."""
    app = ScriptInfo(app_import_path=str(HOME / "wsgi"), load_dotenv_defaults=False)
    cli.program(serve)(prog_name=NAME, obj=app)


if __name__ == "__main__":
    main()
