"""The engine: problems, operators, the contract and the dispatcher."""
