"""One module a room: assets that load, call one pure function and say what they made. No logic of their own."""
