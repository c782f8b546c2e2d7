"""Every sentence a person reads, by code, in zh-CN and en."""
