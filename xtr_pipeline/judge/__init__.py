"""The judge: query writing, candidate pools, rubric and prompts, offline batches and the ledger of judgments.

Belongs here: everything that decides what a language model is asked about code, how its answers are validated, and
where they are kept. Does not belong here: cutting code into units (`corpus`), ranking (`retrieval`), or training on
the labels.
"""
