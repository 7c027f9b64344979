//! Keyed signatures (`cdc:host/signing`): the key stays here.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::signing as wit;
use crate::secret::Secrets;

fn mac(secrets: &Secrets, handle: &str, prefix: &str, steps: &[wit::Step]) -> Result<Vec<u8>, String> {
    let secret = secrets.get(handle).ok_or_else(|| format!("there is no secret {handle}"))?;
    // A chain without a step would be the key itself.
    let Some((first, rest)) = steps.split_first() else {
        return Err("a signature needs at least one step".into());
    };
    let mut key = zeroize::Zeroizing::new(Vec::with_capacity(prefix.len() + secret.expose().len()));
    key.extend_from_slice(prefix.as_bytes());
    key.extend_from_slice(secret.expose().as_bytes());
    rest.iter().try_fold(step(&key, first)?, |key, next| step(&key, next))
}

fn step(key: &[u8], step: &wit::Step) -> Result<Vec<u8>, String> {
    match step.algorithm {
        wit::Algorithm::HmacSha1 => digest::<Hmac<Sha1>>(key, &step.message),
        wit::Algorithm::HmacSha256 => digest::<Hmac<Sha256>>(key, &step.message),
    }
}

fn digest<M: Mac + hmac::digest::KeyInit>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let mut mac = <M as Mac>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

impl wit::Host for LaneState {
    fn mac(&mut self, secret: String, prefix: String, steps: Vec<wit::Step>) -> Result<Vec<u8>, String> {
        mac(&self.capabilities.secrets, &secret, &prefix, &steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn secrets() -> (Secrets, String) {
        let mut secrets = Secrets::default();
        let handle =
            secrets.insert("sink", "access-key", Secret::new("TestSecretKey0123456789abcdefghij".into()));
        (secrets, handle)
    }

    #[test]
    fn a_maxcompute_request_is_signed_as_the_official_client_signs_it() {
        let (secrets, handle) = secrets();
        let message = "GET\n\n\nThu, 01 Jan 2026 00:00:00 GMT\nx-odps-user-agent:pyodps/0.13.2\n/projects/proj?curr_project=proj";
        let steps = [wit::Step { algorithm: wit::Algorithm::HmacSha1, message: message.into() }];
        let signature = mac(&secrets, &handle, "", &steps).unwrap();
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(signature);
        assert_eq!(text, "mcxDhBYCvXl5+XjKsK0i+N13mKI=");
    }

    #[test]
    fn no_chain_of_steps_gives_the_key_away() {
        let (secrets, handle) = secrets();
        assert!(mac(&secrets, &handle, "", &[]).is_err());
        assert!(mac(&secrets, "secret:source.password", "", &[]).is_err());
    }
}
