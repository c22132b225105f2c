"""What people read: text for the terminal, figures, one self-contained page."""
