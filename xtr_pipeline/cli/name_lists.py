"""Options that take several names."""


def names_in(option: str) -> tuple[str, ...]:
    """The names in an option's value, with commas between; none for an empty one."""
    return tuple(name.strip() for name in option.split(",") if name.strip())
