"""Statistics of language x language tables: ranking, association, intervals, ceilings."""
