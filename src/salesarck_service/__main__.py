"""The program `salesarck`, which a bare install has too: there it says what its commands need."""

import sys
from importlib import import_module


def main() -> None:
    """Run the command line."""
    try:
        import_module("salesarck_service.cli").main()
    except ModuleNotFoundError as missing:
        if (missing.name or "salesarck").startswith("salesarck"):
            raise
        sys.exit(
            f"Error: the package {missing.name} is not installed; "
            "install all that commands need with: pip install 'salesarck[all]'"
        )


if __name__ == "__main__":
    main()
