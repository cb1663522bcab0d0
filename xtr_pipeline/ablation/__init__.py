"""What each part of the recipe earns, measured on the dev repositories.

Belongs here: the arms, how one is trained and measured, and the table. Does not belong here: the recipe that the main
job uses (`training.recipe`), and anything about the evaluation repositories, which no recipe is chosen on.
"""
