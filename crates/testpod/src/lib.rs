//! testpod
