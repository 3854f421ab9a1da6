"""What results say, in words; pure."""
