"""Asking a judge over HTTP: any server with OpenAI's chat completions, within a budget, and so that nothing is lost.

Belongs here: the endpoint and its prices, one exchange, retries, the budget, the journal and the loop over requests.
Does not belong here: what is asked (`judge.requests`), or what an answer must be (`judge.answers`).
"""
