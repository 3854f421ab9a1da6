"""Topic or language? Cells of a study by topic, compared block by block."""
