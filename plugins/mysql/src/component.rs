//! The component: binds the reader to the WIT world. Exists in a component only.

use std::cell::RefCell;
use std::rc::Rc;

use cdc_plugin::bindings::source::Guest as Describe;
use cdc_plugin::host::Component;
use cdc_plugin::options::{Manifest, Setting};
use cdc_plugin::source::{self, Budget, Event, Guest, GuestReader, OpenOptions, Progress};
use cdc_plugin::types::{Error, Position};

use crate::manifest::manifest;
use crate::options::Options;
use crate::reader::Reader;

struct Plugin;

/// A reader while no call is at work with it.
struct Slot {
    reader: RefCell<Option<Reader<Component>>>,
    /// As of the last call, so that it can be asked for during one.
    progress: RefCell<Progress>,
}

thread_local! {
    static OPTIONS: RefCell<Option<Rc<Options>>> = const { RefCell::new(None) };
}

impl Describe for Plugin {
    fn describe() -> Manifest {
        manifest()
    }
}

impl Guest for Plugin {
    type Reader = Slot;

    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        let options = Options::parse(settings)?;
        OPTIONS.set(Some(Rc::new(options)));
        Ok(())
    }
}

impl GuestReader for Slot {
    async fn open(options: OpenOptions) -> Result<source::Reader, Error> {
        let configured = OPTIONS.with_borrow(Clone::clone);
        let configured = configured.ok_or_else(|| misuse("the reader is opened before it is configured"))?;
        let reader = Reader::open(Component, (*configured).clone(), options).await?;
        let progress = RefCell::new(reader.progress());
        Ok(source::Reader::new(Self { reader: RefCell::new(Some(reader)), progress }))
    }

    async fn next(&self, budget: Budget) -> Result<Vec<Event>, Error> {
        let mut reader = self.reader.take().ok_or_else(|| misuse("two calls of `next` at once"))?;
        let result = reader.next(budget).await;
        self.progress.replace(reader.progress());
        self.reader.replace(Some(reader));
        result
    }

    async fn position(&self) -> Result<Option<Position>, Error> {
        let reader = self.reader.borrow();
        reader.as_ref().ok_or_else(|| misuse("`position` is called during `next`"))?.position()
    }

    fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// The server keeps its binlog by its own rules: there is nothing to trim.
    async fn acknowledge(&self, _upto: Position) -> Result<(), Error> {
        Ok(())
    }
}

fn misuse(what: &str) -> Error {
    Error::permanent("mysql.misuse", format!("{what}; this is a defect of the host, report it"))
}

/// What the macro makes is the component's ABI.
#[allow(unsafe_code, clippy::undocumented_unsafe_blocks, reason = "generated exports of the component's ABI")]
mod exports {
    use super::Plugin;

    cdc_plugin::bindings::source::export_source!(Plugin);
}
