//! The program as an administrator meets it: started, asked, stopped, and attacked.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

mod commands;
mod demo;
mod flood;
mod pod;
mod serving;
