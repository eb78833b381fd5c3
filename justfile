# Short names for the project's commands; each recipe is one line that works without just.

# list the recipes
default:
    @just --list

# everything CI runs: format, layers, lints, docs, licences, all tests
test *args:
    cargo xtask test {{ args }}

# the server on the embedded default
run *args:
    cargo run -- {{ args }}

# format every crate
fmt:
    cargo fmt --all

# lints as errors, and the layer check
lint:
    cargo xtask layers
    cargo clippy --workspace --all-targets -- -D warnings

# the crates' documentation, in target/doc
docs:
    RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps
