//! stub
/// m
#[derive(Clone, Debug)]
pub struct Manifest { /// n
 pub name: String }
impl From<crate::plugin::bindings::options::Manifest> for Manifest { fn from(m: crate::plugin::bindings::options::Manifest) -> Self { Self { name: m.name } } }
/// s
#[derive(Clone, Debug)]
pub struct Setting;
impl From<&Setting> for crate::plugin::bindings::options::Setting { fn from(_: &Setting) -> Self { unimplemented!() } }
impl Manifest { }
