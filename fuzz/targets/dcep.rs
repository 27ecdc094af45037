//! Any bytes as a message that opens a data channel: what is accepted is, written anew and read again, the same.

#![no_main]

use datachannel::dcep::Control;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(control) = Control::parse(bytes) {
        assert_eq!(Control::parse(&control.write()), Ok(control));
    }
});
