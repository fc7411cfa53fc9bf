"""Start the product: `python -m shortener.serve`. Installations depend on this command, so the module stays here."""

from shortener.running.serve import main
from shortener.vendors import gateways

if __name__ == "__main__":
    main(gateways())
