//! What a browser sees beside the API: pages, assets, files of videos, and what other sites ask a page about itself.

pub mod file_body;
pub mod lane;
pub mod ranges;
pub mod serve_file;
