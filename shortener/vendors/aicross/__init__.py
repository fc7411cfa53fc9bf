"""AI CROSS's wire format, "Zettai Reach": P5 (CommonMT) and P1, by its OpenAPI 1.4.7."""
