// References of a user's own data, or that the suite asks for.
REFERENCES.push("majority", "pooling");
draw();
