"""Languages: any spelling in; code, name, genealogy, script and place out."""
