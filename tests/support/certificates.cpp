#include "support/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace sluice::test {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using File = std::unique_ptr<std::FILE, CloseFile>;

Key new_key() { return Key(EVP_EC_gen("P-256")); }

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) throw std::runtime_error("a test certificate cannot be extended");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate new_certificate(const std::string& name, EVP_PKEY* key, const LeafWishes& wishes, long serial) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  constexpr long day = 24L * 3600;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wishes.begins_in_days * day);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wishes.ends_in_days * day);
  std::string text = name;
  X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, MBSTRING_UTF8,
                             static_cast<unsigned char*>(static_cast<void*>(text.data())),
                             static_cast<int>(text.size()), -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void name_alternatives(X509* certificate, X509* issuer, const LeafWishes& wishes) {
  std::string names;
  if (!wishes.dns_name.empty()) names = "DNS:" + wishes.dns_name;
  if (!wishes.address.empty()) names += (names.empty() ? "IP:" : ",IP:") + wishes.address;
  if (!names.empty()) extend(certificate, issuer, NID_subject_alt_name, names);
  extend(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
}

void write_certificate(const std::string& path, X509* certificate) {
  const File file(std::fopen(path.c_str(), "w"));
  if (!file || PEM_write_X509(file.get(), certificate) != 1) throw std::runtime_error("cannot write " + path);
}

void write_key(const std::string& path, EVP_PKEY* key) {
  const File file(std::fopen(path.c_str(), "w"));
  if (!file || PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace

TemporaryFolder::TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "sluice-test-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  return file(name);
}

struct Authority::Parts {
  Key key;
  Certificate certificate;
};

Authority::Authority(const std::string& name) : parts_(std::make_unique<Parts>()) {
  parts_->key = new_key();
  parts_->certificate = new_certificate(name, parts_->key.get(), {}, 1);
  X509* const self = parts_->certificate.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  extend(self, self, NID_basic_constraints, "critical,CA:TRUE");
  extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(self, self, NID_subject_key_identifier, "hash");
  X509_sign(self, parts_->key.get(), EVP_sha256());
  file_ = folder_.file("authority.pem");
  write_certificate(file_, self);
}

Authority::~Authority() = default;

KeyPair Authority::issue(const LeafWishes& wishes) {
  const std::string stem = "leaf-" + std::to_string(++count_);
  const Key key = new_key();
  const Certificate leaf = new_certificate(stem, key.get(), wishes, 100 + count_);
  X509* const issuer = parts_->certificate.get();
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer));
  name_alternatives(leaf.get(), issuer, wishes);
  X509_sign(leaf.get(), parts_->key.get(), EVP_sha256());
  KeyPair files{folder_.file(stem + ".pem"), folder_.file(stem + ".key")};
  write_certificate(files.certificate, leaf.get());
  write_key(files.key, key.get());
  return files;
}

KeyPair Authority::self_signed(const LeafWishes& wishes) {
  const std::string stem = "self-" + std::to_string(++count_);
  const Key key = new_key();
  const Certificate leaf = new_certificate(stem, key.get(), wishes, 100 + count_);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(leaf.get()));
  name_alternatives(leaf.get(), leaf.get(), wishes);
  X509_sign(leaf.get(), key.get(), EVP_sha256());
  KeyPair files{folder_.file(stem + ".pem"), folder_.file(stem + ".key")};
  write_certificate(files.certificate, leaf.get());
  write_key(files.key, key.get());
  return files;
}

KeyPair Authority::mismatched() {
  const KeyPair one = issue();
  const KeyPair other = issue();
  return {one.certificate, other.key};
}

}  // namespace sluice::test
