"""What every API plugin promises, one module for each kind of promise; `GeneratorContract` puts them together."""
