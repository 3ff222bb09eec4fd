//! RSA signatures verified by `ring`, behind as much of the interface of the crate `rsa` as `c2pa` calls.
//!
//! The crate `rsa` uses private keys in a time that tells them (RUSTSEC-2023-0071). Here there are none: a private key
//! cannot be made, and what would sign with one cannot be reached.

pub use num_bigint_dig::BigUint;
pub use pkcs8;
pub use sha2;
pub use signature;

use std::fmt;

use ring::signature::{RsaParameters, RsaPublicKeyComponents};

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error;

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is signed with RSA here")
    }
}

/// A key that nobody has.
#[derive(Debug, Clone)]
pub enum RsaPrivateKey {}

impl RsaPrivateKey {
    /// # Errors
    /// Always.
    pub fn from_components(
        _: BigUint,
        _: BigUint,
        _: BigUint,
        _: Vec<BigUint>,
    ) -> Result<Self, Error> {
        Err(Error)
    }
}

/// A key that signatures are verified with.
#[derive(Debug, Clone)]
pub struct RsaPublicKey {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl RsaPublicKey {
    /// Takes any numbers; those that are no key verify nothing. `ring` wants 2048 to 8192 bits.
    ///
    /// # Errors
    /// Never; the other crate has some.
    pub fn new(n: BigUint, e: BigUint) -> Result<Self, Error> {
        Ok(Self {
            n: n.to_bytes_be(),
            e: e.to_bytes_be(),
        })
    }

    fn verify(
        &self,
        parameters: &'static RsaParameters,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), signature::Error> {
        let Self { n, e } = self;
        RsaPublicKeyComponents { n, e }
            .verify(parameters, message, signature)
            .map_err(|_| signature::Error::new())
    }
}

/// A digest that `ring` verifies RSA signatures over.
pub trait Digested {
    /// RSASSA-PSS with it; the salt is as long as the digest.
    const PSS: &'static RsaParameters;
    /// RSASSA-PKCS1-v1_5 with it.
    const PKCS1: &'static RsaParameters;
}

macro_rules! digested {
    ($($digest:ident $pss:ident $pkcs1:ident),+) => {$(
        impl Digested for sha2::$digest {
            const PSS: &'static RsaParameters = &ring::signature::$pss;
            const PKCS1: &'static RsaParameters = &ring::signature::$pkcs1;
        }
    )+};
}

digested!(
    Sha256 RSA_PSS_2048_8192_SHA256 RSA_PKCS1_2048_8192_SHA256,
    Sha384 RSA_PSS_2048_8192_SHA384 RSA_PKCS1_2048_8192_SHA384,
    Sha512 RSA_PSS_2048_8192_SHA512 RSA_PKCS1_2048_8192_SHA512
);

macro_rules! scheme {
    ($parameters:ident) => {
        /// A signature's bytes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Signature(Box<[u8]>);

        impl TryFrom<&[u8]> for Signature {
            type Error = signature::Error;

            fn try_from(bytes: &[u8]) -> Result<Self, signature::Error> {
                if bytes.is_empty() {
                    return Err(signature::Error::new());
                }
                Ok(Self(bytes.into()))
            }
        }

        impl From<Signature> for Box<[u8]> {
            fn from(signature: Signature) -> Self {
                signature.0
            }
        }

        impl signature::SignatureEncoding for Signature {
            type Repr = Box<[u8]>;
        }

        /// What verifies signatures over the digest `D`.
        #[derive(Debug, Clone)]
        pub struct VerifyingKey<D> {
            key: RsaPublicKey,
            digest: PhantomData<D>,
        }

        impl<D: Digested> VerifyingKey<D> {
            /// With that key.
            pub fn new(key: RsaPublicKey) -> Self {
                Self {
                    key,
                    digest: PhantomData,
                }
            }
        }

        impl<D: Digested> signature::Verifier<Signature> for VerifyingKey<D> {
            fn verify(&self, message: &[u8], signed: &Signature) -> Result<(), signature::Error> {
                self.key.verify(D::$parameters, message, &signed.0)
            }
        }
    };
}

/// RSASSA-PKCS1-v1_5.
pub mod pkcs1v15 {
    use std::marker::PhantomData;

    use crate::{Digested, RsaPublicKey};

    scheme!(PKCS1);
}

/// RSASSA-PSS.
pub mod pss {
    use std::marker::PhantomData;

    use signature::rand_core::CryptoRngCore;

    use crate::{Digested, RsaPrivateKey, RsaPublicKey};

    scheme!(PSS);

    /// What would sign, with a key that nobody has.
    #[derive(Debug, Clone)]
    pub struct SigningKey<D> {
        key: RsaPrivateKey,
        digest: PhantomData<D>,
    }

    impl<D: Digested> SigningKey<D> {
        /// With that key.
        pub fn new(key: RsaPrivateKey) -> Self {
            Self {
                key,
                digest: PhantomData,
            }
        }
    }

    impl<D: Digested> signature::RandomizedSigner<Signature> for SigningKey<D> {
        fn try_sign_with_rng(
            &self,
            _: &mut impl CryptoRngCore,
            _: &[u8],
        ) -> Result<Signature, signature::Error> {
            match self.key {}
        }
    }
}
