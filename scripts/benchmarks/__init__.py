"""What `scripts/bench` measures.

The modules that need Odoo run in a process of their own (`python -m benchmarks`);
`history`, `reports` and `launcher` are plain Python.
"""
