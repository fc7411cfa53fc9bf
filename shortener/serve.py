"""`python -m shortener.serve` starts the product: the command of every installation, whatever lies behind it."""

from shortener.running.serve import main

if __name__ == "__main__":
    main()
