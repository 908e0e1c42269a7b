"""Remote model gateways: one sender, one table of endpoints, pure codecs."""
