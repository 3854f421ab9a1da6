"""What runs in the reader's browser, and the door through which the pages reach it."""
