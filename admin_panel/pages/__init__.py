"""The pages of the panel: each view reads the request, calls one function of the core and renders."""
