//! Types as a service spells them: read, printed and read again, by the sink and by the emulator.
#![no_main]

use cdc_plugin_maxcompute::shape::OdpsType;
use libfuzzer_sys::fuzz_target;
use maxcompute_emulator::schema::DataType;

fuzz_target!(|text: &str| {
    if let Ok(read) = OdpsType::parse(text) {
        let printed = read.to_string();
        assert_eq!(OdpsType::parse(&printed).as_ref(), Ok(&read), "{printed}");
    }
    // What the emulator takes for a type, the sink does too, and says the same with it.
    if let Ok(theirs) = text.parse::<DataType>() {
        let ours = OdpsType::parse(&theirs.to_string());
        let printed = ours.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(printed.parse::<DataType>().as_ref(), Ok(&theirs), "{theirs}: {ours:?}");
    }
});
