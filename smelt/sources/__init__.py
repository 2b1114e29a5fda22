"""Raw files where they lie: what a plan must know of them before any work starts."""
