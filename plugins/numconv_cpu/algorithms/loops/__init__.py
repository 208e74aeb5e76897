"""The last resort: plain loops that refuse no valid problem."""
