"""The developer portal's business: applications, mails, one-time certificate links, notices."""
