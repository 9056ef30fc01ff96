#pragma once

#include <memory>
#include <string>

// Certificates made for one test, as PEM files in a folder that disappears with them.
namespace sluice::test {

// A folder of its own under the system's temporary one; removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file and tells its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

struct KeyPair {
  std::string certificate;  // PEM file
  std::string key;          // PEM file
};

// What a certificate shall say.
struct LeafWishes {
  std::string dns_name = "localhost";  // empty: none
  std::string address = "127.0.0.1";   // a literal address; empty: none
  int begins_in_days = -1;
  int ends_in_days = 30;
};

// A certificate authority and what it signs.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test authority");
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // The authority's own certificate.
  const std::string& file() const { return file_; }
  KeyPair issue(const LeafWishes& wishes = {});
  // A certificate signed by nobody but itself.
  KeyPair self_signed(const LeafWishes& wishes = {});
  // A certificate and the key of another one.
  KeyPair mismatched();

 private:
  struct Parts;
  TemporaryFolder folder_;
  std::unique_ptr<Parts> parts_;
  std::string file_;
  int count_ = 0;
};

}  // namespace sluice::test
