"""Bodies of rules as pure, dated, cited functions: facts in, determination out."""
