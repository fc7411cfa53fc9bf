"""Hand messages over to gateways, and read what gateways say about them."""
