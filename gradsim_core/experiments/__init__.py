"""Does a grouping help? Strategies trained at equal budget, and compared.

`plans` says what is compared, `candidates` which groups each strategy trains, `experiment` trains
them; `comparison` and `verdict` are the statistics and their wording, `record` writes what came
out, `report` makes it readable. `runs` estimates and queues experiments, `group_files` reads
hand-made groups.
"""
