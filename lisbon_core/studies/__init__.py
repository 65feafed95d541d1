"""One question a file, asked of the chain and answered for a notebook; nothing in physics needs them."""
