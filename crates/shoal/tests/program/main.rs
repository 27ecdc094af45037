//! The program as an administrator meets it: started, asked, stopped, and attacked.

mod commands;
mod flood;
mod pod;
mod serving;
