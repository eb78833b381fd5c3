//! The port, beside a fake Informer.
