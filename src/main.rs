//! The `papilio` command.

fn main() {}
