"""Stand-in networks on loopback that speak the real protocols, with play money and their own book.

``python -m connectors.sandbox --home DIR`` serves Akash; ``connectors.sandbox.client.Control``
steers it. What is simulated and how it differs from the real network: ``docs/sandbox-akash.md``.
"""
