"""The parts of the conformance kit; a vendor imports ``connectors.testing`` alone."""
